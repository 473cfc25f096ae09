"""One press of a button on a page that draws itself anew when news arrives."""

from playwright.sync_api import Error, Locator, expect

_GONE = ("not visible", "not attached", "detached")  # drawn anew between the look and the press
_TRIES = 4


def press(act: Locator) -> None:
    """The button is pressed once, even one drawn anew under the finger; a refused one can be pressed too."""
    for left in reversed(range(_TRIES)):
        expect(act).to_be_visible()
        try:
            act.click(force=True)
        except Error as fault:
            if not left or not any(word in str(fault) for word in _GONE):
                raise
        else:
            return
