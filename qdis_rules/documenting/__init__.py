"""A ruleset as pages: a site to browse, a notice to print. Only importer of jinja2 and weasyprint."""

from qdis_rules.documenting.addresses import NOTICE
from qdis_rules.documenting.beside import Beside
from qdis_rules.documenting.site import notice_as_pdf, pages_of
from qdis_rules.documenting.writing import CannotWrite, write_site

__all__ = ["NOTICE", "Beside", "CannotWrite", "notice_as_pdf", "pages_of", "write_site"]
