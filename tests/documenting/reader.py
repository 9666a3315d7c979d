"""A plain reader of pages: what is opened is closed, which anchors there are, where links lead."""

from html.parser import HTMLParser
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

VOID = {"meta", "link", "input", "br", "wbr", "hr", "img", "path", "rect"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.ids, self.links, self.words = [], [], [], [], []
        self.feed(text)
        self.close()
        self.wrong += [f"<{tag}> left open" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.wrong += [f"{tag}: {name} twice" for name in values if [n for n, _ in attrs].count(name) > 1]
        if "id" in values:
            self.ids.append(values["id"])
        self.links += [values[name] for name in ("href", "src", "action") if name in values]
        if tag not in VOID:
            if tag in ("a", "button", "form", "p") and tag in self.open:
                self.wrong.append(f"<{tag}> inside <{tag}>")
            if tag in ("div", "ul", "dl", "table", "blockquote", "p") and self.open[-1:] == ["p"]:
                self.wrong.append(f"<{tag}> inside <p>")
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if self.open[-1:] != [tag]:
            self.wrong.append(f"</{tag}> closes {self.open[-1:]} at {self.getpos()}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def pages(files):
    return {name: Page(content.decode()) for name, content in files.items() if name.endswith(".html")}


def dead_links(files):
    """Return (page, link) for each link that leads nowhere in the site."""
    read = pages(files)
    dead = []
    for name, page in read.items():
        for link in page.links:
            parts = urlsplit(link)
            target = normpath(join(dirname(name), unquote(parts.path))) if parts.path else name
            anchor = unquote(parts.fragment)
            found = target in files and (not anchor or anchor in read[target].ids)
            if parts.scheme or parts.netloc or not found:
                dead.append((name, link))
    return dead
