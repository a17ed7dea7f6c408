"""What stands in a piece of HTML, for tests of pages without a kernel."""

from html.parser import HTMLParser


class Elements(HTMLParser):
    """The elements of a piece of HTML, and the text of each."""

    VOID = ("img", "input")

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.text = [], [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes), tuple(self.open)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)

    def all(self, tag):
        return [attributes for name, attributes, _ in self.found if name == tag]
