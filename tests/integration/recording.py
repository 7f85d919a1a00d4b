"""A recording's chunks, to look at and to change: for tests."""
import struct

HEAD = struct.Struct("<4s5I4Q")     # without the two CRCs behind it
FILE_HEAD = 16


def crc32c_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def unpacked(data):
    """An lz4 block."""
    out, at = bytearray(), 0
    while True:
        token = data[at]
        at += 1

        def length(base):
            nonlocal at
            if base == 15:
                while True:
                    at += 1
                    base += data[at - 1]
                    if data[at - 1] != 255:
                        break
            return base
        count = length(token >> 4)
        out += data[at:at + count]
        at += count
        if at == len(data):
            return bytes(out)
        back = data[at] | data[at + 1] << 8
        at += 2
        for _ in range(length(token & 15) + 4):
            out.append(out[-back])


class Chunk:
    def __init__(self, kind, fields, payload):
        self.kind, self.fields, self.payload = kind, fields, payload

    def raw(self):
        return unpacked(self.payload) if self.fields[2] & 1 else self.payload

    def replace(self, raw):
        number, branch, _, _, _, *positions = self.fields
        self.fields = (number, branch, 0, len(raw), len(raw), *positions)
        self.payload = bytes(raw)

    def encoded(self):
        head = HEAD.pack(self.kind, *self.fields) + struct.pack("<I", crc32c(self.payload))
        return head + struct.pack("<I", crc32c(head)) + self.payload


def chunks(data):
    at = FILE_HEAD
    while at + 64 <= len(data):
        kind, *fields = HEAD.unpack_from(data, at)
        stored = fields[3]
        yield Chunk(kind, tuple(fields), data[at + 64:at + 64 + stored])
        at += 64 + stored


def change(source, target, kind, which, edit):
    """Copies a recording; the chunk of that kind (the `which`-th) gets another content."""
    with open(source, "rb") as file:
        data = file.read()
    with open(target, "wb") as out:
        out.write(data[:FILE_HEAD])
        for chunk in chunks(data):
            if chunk.kind == kind:
                if which == 0:
                    chunk.replace(edit(chunk.raw()))
                which -= 1
            out.write(chunk.encoded())
