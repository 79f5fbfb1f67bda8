"""Cuts the page's fonts to what its own words are made of.

    pip install fonttools brotli && python web/fonts.py

Reads the packages that `npm ci` fetched, writes web/fonts/*.woff2. The whole file is fetched only where a
letter beyond these is shown (web/src/styles/fonts.css). The SIL Open Font License allows it; neither font
reserves its name.
"""

from pathlib import Path

from fontTools import subset

HERE = Path(__file__).parent
FONTS = {
    "barlow": ["barlow-latin-400-normal", "barlow-latin-500-normal", "barlow-latin-600-normal"],
    "newsreader": ["newsreader-latin-500-italic"],
}
LETTERS = [*range(0x20, 0x7F), 0xA0, 0xB0, 0xB1, 0xB2, 0xB3, 0xB7, 0xD7, 0x2013, 0x2018, 0x2019, 0x201C, 0x201D]
LETTERS += [0x2022, 0x2026, 0x2212]


def main() -> None:
    """All of them."""
    (HERE / "fonts").mkdir(exist_ok=True)
    for package, names in FONTS.items():
        for name in names:
            path = HERE / "node_modules" / "@fontsource" / package / "files" / f"{name}.woff2"
            options = subset.Options(flavor="woff2", hinting=False, layout_features=["kern", "tnum", "liga"])
            font = subset.load_font(str(path), options)
            cutter = subset.Subsetter(options)
            cutter.populate(unicodes=LETTERS)
            cutter.subset(font)
            target = HERE / "fonts" / f"{name}.woff2"
            subset.save_font(font, str(target), options)
            print(f"{target.name}: {path.stat().st_size} to {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
