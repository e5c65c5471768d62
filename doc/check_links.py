"""Look for broken links within the built site: ``python doc/check_links.py FOLDER``."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Collects a page's links and the anchors that links can point to."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = set(), {""}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        """Record the target of a tag, and its name."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.add(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def _pages(root):
    """Return the site's pages, without the templates among its static files."""
    return [path for path in root.rglob("*.html") if "_static" not in path.parts]


def broken_links(root):
    """Iterate over the pages and their broken links.

    Parameters
    ----------
    root : Path
        The site's folder.

    Yields
    ------
    page, link : Path, str
    """
    pages = {path.resolve(): Page(path) for path in _pages(root)}
    for path, page in pages.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            is_there = target.exists()
            if is_there and url.fragment and target in pages:
                is_there = unquote(url.fragment) in pages[target].anchors
            if not is_there:
                yield path, link


def main():
    """Print the broken links; exit with status 1 if there are any."""
    root = Path(sys.argv[1])
    broken = list(broken_links(root))
    for path, link in broken:
        print(f"{path}: {link}")
    n_pages = len(_pages(root))
    print(f"{n_pages} pages, {len(broken)} broken links")
    sys.exit(bool(broken) or not n_pages)


if __name__ == "__main__":
    main()
