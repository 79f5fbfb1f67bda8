"""Prepared sets: a folder of sounds in one rate and channel count, read at any place at once.

`prepare` turns recordings into a set, `open_set` reads one. No PyTorch here: a set is made and
looked at on any machine that can play.
"""

from isobath.corpora.finding import Listing, find_sounds
from isobath.corpora.index import About, File, Label, LeftOut
from isobath.corpora.options import Options, Wishes
from isobath.corpora.preparing import Report, prepare
from isobath.corpora.reading import Entry, Set, is_set, open_set

__all__ = [
    "About",
    "Entry",
    "File",
    "Label",
    "LeftOut",
    "Listing",
    "Options",
    "Report",
    "Set",
    "Wishes",
    "find_sounds",
    "is_set",
    "open_set",
    "prepare",
]
