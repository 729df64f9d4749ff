"""Where the figures of a run come from: data, tools, seeds, digests."""

from importlib import metadata

from spikeloom.report.documents import Document, Run
from spikeloom.summary import image_rate

__all__ = ["provenance"]


def provenance(run: Run) -> list[tuple[str, str]]:
    """Names and values, in the order to show them in."""
    found, synthesis = run.verification, run.synthesis
    rows = [("Spikeloom", metadata.version("spikeloom"))]
    if found is not None:
        rows += _verified(found)
    if run.front is not None:
        rows += _searched(run.front)
    if run.neurons is not None:
        label = run.neurons["label"]
        rows.append(("neurons", f"test image {run.neurons['image']}"
                     + ("" if label is None else f", label {label}")
                     + f", of network {run.neurons['digest']}"))
    if synthesis is not None:
        rows += _placed(synthesis)
    if found is not None and synthesis is not None and (rate := image_rate(found, synthesis)):
        rows.append(("images per second", f"{rate:.0f} = clock / measured cycles per image"))
    return rows


def _searched(front: Document) -> list[tuple[str, str]]:
    """What the search says of itself, as far as it does."""
    titles = (("space", "space searched"), ("supernet", "supernet"), ("sampler", "sampler"),
              ("seed", "seed of the search"), ("fitness", "fitness"))
    rows = [(title, str(front[key])) for key, title in titles if front.get(key) is not None]
    if "trials" in front:
        shown = len(front["front"])
        rows.append(("trials", f"{len(front['trials'])}, of which {shown} confirmed are shown"))
    return rows


def _verified(found: Document) -> list[tuple[str, str]]:
    return [("network digest (SHA-256)", found["digest"]),
            ("data set", f"{found['data']}, first {found['images']} test images"),
            ("energy, spike rates, bound", f"counted on {found['energy']['images']} images"),
            ("pipeline cost model", f"for the first {found['estimated_images']} images"),
            *((f"note: {name}", str(value)) for name, value in found["notes"].items())]


def _placed(synthesis: Document) -> list[tuple[str, str]]:
    return [("placer seed", str(synthesis["seed"])),
            ("clock constraint", (f"{synthesis['clock_mhz']:g} MHz, "
                                  f"{'met' if synthesis['met'] else 'missed'}")),
            ("tools", ", ".join(f"{tool} {version}"
                                for tool, version in sorted(synthesis["versions"].items()))),
            ("critical path", synthesis["critical_path"].partition("\n")[0])]
