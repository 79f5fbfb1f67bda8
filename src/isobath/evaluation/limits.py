"""Where a model ends, in sentences: what its figures say against it.

The bounds are those of docs/models/evaluating.md; a figure that was not measured says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

CLOSE_DB, OTHER_DB = 2.0, 4.0
"""Log-mel distance of what is close to its source, and of what is another sound."""
HELD_DB = 3.0
PITCH, SHORT_OF_SOURCE = 80.0, 10.0
"""Per cent of pitched frames kept; points by which notes may fall behind what is found in the source."""
LEVEL_DB = 2.0
ONSETS = 0.9
APART = 3.0
"""Times the distance between two halves of the source."""
BUZZ = 0.05
MOVES_DB = 1.0
SILENT_DBFS = -60.0
UNLIKE = "Sounds unlike those it learned from come back as the nearest it knows."


def limits(quality: Mapping[str, object]) -> list[str]:
    """Sentences about what is measured to be weak, the one that holds for every model last; none without
    figures."""
    figures = {name: each for name, each in quality.items() if isinstance(each, Mapping)}
    value = {n: float(f["value"]) for n, f in figures.items() if isinstance(f.get("value"), int | float)}
    if not value:
        return []
    unit = str(figures.get("pitch_accuracy", {}).get("unit", "%"))
    return [*_sound(value), *_pitch(value, unit), *_held(value), UNLIKE]


def _sound(value: Mapping[str, float]) -> list[str]:
    found = []
    mel, halves = value.get("log_mel_distance", 0.0), value.get("frechet_of_halves", 0.0)
    if mel > OTHER_DB:
        found.append(f"Another sound comes back: {mel:.1f} dB away in log-mel, where 2 is close.")
    elif mel > CLOSE_DB:
        found.append(f"Near, and no copy: what comes back is {mel:.1f} dB away in log-mel, where 2 is close.")
    if value.get("loudness_error", 0.0) > LEVEL_DB:
        found.append(f"Levels are off by {value['loudness_error']:.1f} dB in the mean.")
    if value.get("onset_f", 1.0) < ONSETS * value.get("onset_f_in_source", 1.0):
        found.append(f"Attacks are missed or doubled: F-measure {value['onset_f']:.2f}.")
    if halves > 0 and value.get("frechet_distance", 0.0) > APART * halves:
        found.append(
            "As a whole it can be told from its recordings: Fréchet distance "
            f"{value['frechet_distance']:.2g}, between halves of them {halves:.2g}."
        )
    return found


def _pitch(value: Mapping[str, float], unit: str) -> list[str]:
    labelled = [name for name in value if name.endswith("notes_recovered")]
    found = []
    for name in labelled:
        heard = value.get(name.replace("recovered", "in_source"), 100.0)
        if heard - value[name] > SHORT_OF_SOURCE:
            kind = name.removesuffix("recovered").replace("_", " ").strip()
            found.append(
                f"Pitch gets lost: {value[name]:.0f} % of {kind}, {heard:.0f} % in the source itself."
            )
    if not labelled and value.get("pitch_accuracy", 100.0) < PITCH:
        found.append(f"Pitch is not kept well: {value['pitch_accuracy']:.0f} {unit}.")
    return found


def _held(value: Mapping[str, float]) -> list[str]:
    found = []
    if value.get("held_log_mel_distance", 0.0) > HELD_DB:
        away = value["held_log_mel_distance"]
        found.append(f"A held sound is {away:.1f} dB away from the moment it was taken from.")
    if value.get("hop_buzz", 0.0) > BUZZ:
        share = 100 * value["hop_buzz"]
        found.append(f"A held sound buzzes: {share:.0f} % of its energy repeats every frame.")
    if value.get("movement_least", MOVES_DB) < MOVES_DB:
        least = value["movement_least"]
        found.append(f"At least one axis does next to nothing: {least:.2g} dB from -2 to +2.")
    if value.get("silence", SILENT_DBFS) > SILENT_DBFS:
        found.append(f"It is not silent at rest: {value['silence']:.0f} dBFS.")
    return found
