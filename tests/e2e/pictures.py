"""Screenshots small enough to be kept: few colours in a palette, by what is installed anyway."""

import base64
import struct
import zlib
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser

COLOURS = 200
COARSE = 8  # shades of a channel that count as one
# The browser reads the picture: its canvas gives four bytes a pixel.
PIXELS = """async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const data = canvas.getImageData(0, 0, image.width, image.height).data;
  let text = "";
  for (let at = 0; at < data.length; at += 32768) {
    text += String.fromCharCode(...data.subarray(at, at + 32768));
  }
  return [image.width, image.height, btoa(text)];
}"""


def shrink(browser: Browser, picture: Path) -> None:
    """The PNG has a palette of its commonest colours; every other pixel takes the nearest of them."""
    page = browser.new_page()
    source = "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()
    width, height, packed = page.evaluate(PIXELS, source)
    page.close()
    pixels = np.frombuffer(base64.b64decode(packed), np.uint8).reshape(-1, 4)[:, :3].astype(np.int64)
    coarse = (pixels // COARSE) @ np.array([1024, 32, 1])
    _, of_pixel, counts = np.unique(coarse, return_inverse=True, return_counts=True)
    of_pixel = of_pixel.reshape(-1)
    sums = [np.bincount(of_pixel, pixels[:, channel]) for channel in range(3)]
    colours = np.stack(sums, axis=1) / counts[:, None]
    kept = np.argsort(counts)[::-1][:COLOURS]
    far = ((colours[:, None, :] - colours[kept][None, :, :]) ** 2).sum(axis=2)
    rows = far.argmin(axis=1)[of_pixel].astype(np.uint8).reshape(height, width)
    palette = colours[kept].round().astype(np.uint8).tobytes()
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
