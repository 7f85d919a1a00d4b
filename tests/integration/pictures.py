"""Pictures of screens: what `screendump` writes, and the text on it."""
import functools

FIRMWARE = "/usr/share/seabios/vgabios-stdvga.bin"


def read_ppm(path):
    """Width, height, RGB bytes."""
    with open(path, "rb") as file:
        data = file.read()
    magic, width, height, depth = data.split(None, 4)[:4]
    start = len(data) - int(width) * int(height) * 3
    assert magic == b"P6" and depth == b"255" and start > 0, path
    return int(width), int(height), data[start:]


@functools.cache
def font():
    """Characters (code page 437) by their 16 rows of 8 dots: the font of the VGA BIOS, which is where
    DBh is all dots while 00h and 20h have none."""
    with open(FIRMWARE, "rb") as file:
        rom = file.read()
    block = rom.find(b"\xff" * 16)
    while block >= 0:
        letters = [rom[at:at + 16] for at in range(block - 0xdb * 16, block + 0x25 * 16, 16)]
        if letters[0] == letters[0x20] == bytes(16):
            characters = bytes(range(0xff)).decode("cp437")     # FFh is another blank
            return {letters[i]: characters[i] for i in range(1, 0xff)}
        block = rom.find(b"\xff" * 16, block + 1)
    raise SystemExit(f"no font in {FIRMWARE}")


@functools.cache
def character(cell):
    """Of 16 rows of 8 dots of RGB, in one colour on another, whichever is the brighter."""
    dots = [cell[i:i + 3] for i in range(0, len(cell), 3)]
    for ground in sorted(set(dots)):
        rows = bytes(sum((dots[8 * y + x] != ground) << (7 - x) for x in range(8)) for y in range(16))
        if rows in font():
            return font()[rows]
    return "\ufffd"


def text_of(picture):
    """The lines of a screen of 80 columns and 25 rows, 9 by 16 dots each; none in other modes."""
    width, height, rgb = picture
    if (width, height) != (720, 400):
        return []

    def cell(column, row):
        starts = range((row * 16 * 720 + column * 9) * 3, (row + 1) * 16 * 720 * 3, 720 * 3)
        return b"".join(rgb[start:start + 24] for start in starts[:16])
    return ["".join(character(cell(column, row)) for column in range(80)).rstrip() for row in range(25)]
