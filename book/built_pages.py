"""What those share that take a built page apart: its scripts and its drawings are set aside."""

import re

# A script is for its own page, and most of what that weighs
SCRIPTS = re.compile(r"<script\b.*?</script>", flags=re.DOTALL)
# A drawing is kept as it is: its parts refer to each other by names that are its own
DRAWINGS = re.compile(r"<svg\b.*?</svg>", flags=re.DOTALL)
KEPT = re.compile(r'<svg data-kept="(\d+)"></svg>')


def set_aside(text, drawings):
    """Put the drawings of a page into a list, and their places into the page."""

    def keep(found):
        drawings.append(found[0])
        return f'<svg data-kept="{len(drawings) - 1}"></svg>'

    return DRAWINGS.sub(keep, text)


def put_back(text, drawings):
    """Put the drawings of a list into their places."""
    return KEPT.sub(lambda place: drawings[int(place[1])], text)
