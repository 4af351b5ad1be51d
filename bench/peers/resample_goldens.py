"""Writes test/goldens/resample.json: hashes of what Pillow's bilinear resizing makes of parts of ruled pictures.

Run with Pillow 9 to 12 installed (13 changed the order of the passes): python bench/peers/resample_goldens.py > test/goldens/resample.json
`--cases N --seed S` makes other ones, which `GOLDENS=FILE npx vitest run src/data/images/resample.test.ts` compares.
"""
import argparse
import hashlib
import json
import random
import sys

import PIL
from PIL import Image


def picture(width, height):
    rule = lambda x, y, c: (x * 7 + y * 13 + 50 * c + 3 * x * y + (x * x * y >> 3)) % 256
    pixels = bytes(rule(x, y, c) for y in range(height) for x in range(width) for c in range(3))
    return Image.frombytes("RGB", (width, height), pixels)


def case(width, height, box, size):
    left, top, box_width, box_height = box
    part = picture(width, height).crop((left, top, left + box_width, top + box_height))
    resized = part.resize(tuple(size), Image.Resampling.BILINEAR)
    digest = hashlib.sha256(resized.tobytes()).hexdigest()
    return {"width": width, "height": height, "box": box, "size": size, "sha256": digest}


def random_case(draw):
    width, height = draw.randint(1, 90), draw.randint(1, 90)
    box_width, box_height = draw.randint(1, width), draw.randint(1, height)
    box = [draw.randint(0, width - box_width), draw.randint(0, height - box_height), box_width, box_height]
    return case(width, height, box, [draw.randint(1, 60), draw.randint(1, 60)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    cases = [random_case(draw) for _ in range(options.cases)]
    cases.append(case(500, 375, [0, 0, 500, 375], [341, 256]))
    cases.append(case(500, 375, [37, 11, 301, 290], [224, 224]))
    json.dump({"pillow": PIL.__version__, "cases": cases}, sys.stdout, indent=1)
    print()


main()
