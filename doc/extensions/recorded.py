"""Show the gallery's scripts that are not run with the output of an earlier run.

Scripts that need a download are not run on a machine without their data. Their output
is kept in ``doc/recorded``, the text of each script in a file, with small pictures. To
record it again, build the site with the data, and run ``python
doc/extensions/recorded.py SCRIPT ...``, with the names of the scripts without ``.py``.
"""

import base64
import io
import re
import sys
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parents[1] / "recorded"
START = ".. GENERATED FROM PYTHON SOURCE LINES"
SEPARATOR = "\n.. block\n"
WIDTH = 800  # of a picture, in pixels


def setup(app):
    """Register the handler below."""
    app.connect("source-read", add_recorded)
    return {"parallel_read_safe": True}


def add_recorded(app, docname, source):
    """Add the recorded output to the page of a script that was not run."""
    path = FOLDER / f"{docname.rpartition('/')[2]}.rst"
    pattern = app.config.sphinx_gallery_conf["filename_pattern"]
    is_run = re.search(pattern, f"/{path.stem}.py")
    if not (docname.startswith("auto_examples/") and path.exists()) or is_run:
        return
    blocks = source[0].split(START)
    outputs = path.read_text().split(SEPARATOR)
    if len(outputs) != len(blocks):
        raise ValueError(f"{path} is out of date: record the output of the script.")
    # The gallery's footer follows the last block.
    last, footer = blocks[-1].split(".. _sphx_glr_download_")
    blocks[-1] = last
    pages = [block + output for block, output in zip(blocks, outputs, strict=True)]
    source[0] = START.join(pages) + "\n\n.. _sphx_glr_download_" + footer


# -- recording -------------------------------------------------------------------------


def record(page):
    """Record the output of a script from its page, which was built with the data."""
    pictures = []
    text = page.read_text().split(".. _sphx_glr_download_")[0]
    text = re.sub(r"\.\. rst-class:: sphx-glr-timing.*", "", text, flags=re.DOTALL)
    outputs = [output_of(block, page, pictures) for block in text.split(START)]
    (FOLDER / page.name).write_text(SEPARATOR.join(outputs))


def output_of(block, page, pictures):
    """Return what follows the code of a block, with links to small pictures."""
    code = re.search(r"\.\. code-block:: Python\n(\n|    .*\n)*", block)
    if code is None:
        return ""
    output = block[code.end() :]
    output = re.sub(
        r"\.\. image-sg:: /(\S+)\n(   .*\n)*",
        lambda found: picture(Image.open(FOLDER.parent / found[1]), page, pictures),
        output,
    )
    frames = re.findall(r'frames\[\d+\] = "data:image/png;base64,([^"]*)"', output)
    if frames:
        chosen = [frames[round(k * (len(frames) - 1) / 3)] for k in range(4)]
        return "\n" + picture(side_by_side(chosen), page, pictures)
    return output.rstrip() + "\n" if output.strip() else ""


def side_by_side(frames):
    """Return a picture of some frames of an animation."""
    files = [base64.b64decode(frame.replace("\\\n", "")) for frame in frames]
    images = [Image.open(io.BytesIO(file)) for file in files]
    width, height = images[0].size
    whole = Image.new("RGBA", (width * len(images), height))
    for k, image in enumerate(images):
        whole.paste(image, (k * width, 0))
    return whole


def picture(image, page, pictures):
    """Save a small picture; return its directive."""
    path = FOLDER / f"{page.stem}_{len(pictures) + 1}.png"
    pictures.append(path)
    small(image).save(path, optimize=True)
    return f".. image:: /recorded/{path.name}\n   :class: sphx-glr-single-img\n\n"


def small(image):
    """Return an image of at most `WIDTH` and of 64 colours, on white."""
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    scale = min(1, WIDTH / image.width)
    size = round(image.width * scale), round(image.height * scale)
    resized = white.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    return resized.quantize(64, dither=Image.Dither.NONE)


if __name__ == "__main__":
    root = FOLDER.parent / "auto_examples"
    for name in sys.argv[1:]:
        record(next(root.rglob(f"{name}.rst")))
