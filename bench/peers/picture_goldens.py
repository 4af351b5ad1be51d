"""Writes test/goldens/pictures: small JPEG files of every kind that Pillow (libjpeg-turbo) makes, and its own decoding of each as PNG.

Run with Pillow installed: python bench/peers/picture_goldens.py test/goldens/pictures
"""
import math
import os
import sys

from PIL import Image

KINDS = {
    "baseline-444": ("RGB", {"subsampling": 0}),
    "baseline-420": ("RGB", {"subsampling": 2}),
    "restart": ("RGB", {"subsampling": 1, "restart_marker_rows": 1}),
    "progressive-420": ("RGB", {"subsampling": 2, "progressive": True}),
    "progressive-grey": ("L", {"progressive": True}),
    "grey": ("L", {}),
    "cmyk": ("CMYK", {}),
}


def picture(width, height):
    wave = lambda x, period: 128 + 110 * math.sin(x / period)
    pixels = [
        (int(wave(x + y, 7)), int(wave(x - 2 * y, 11)), int(255 * x / width))
        for y in range(height)
        for x in range(width)
    ]
    image = Image.new("RGB", (width, height))
    image.putdata(pixels)
    return image


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name, (mode, options) in KINDS.items():
        path = os.path.join(folder, name)
        picture(37, 26).convert(mode).save(f"{path}.jpg", quality=85, optimize=True, **options)
        Image.open(f"{path}.jpg").convert("RGB").save(f"{path}.png", optimize=True)


main()
