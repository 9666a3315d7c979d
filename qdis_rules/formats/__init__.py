"""The edges: documents from strangers in, documents out. The only importer of pydantic."""
