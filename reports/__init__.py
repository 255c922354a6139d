"""Reports for readers: tables, figures and pages, made from rows and stored draws."""

if __name__ != "samplerbench.reports":  # as a top-level module it would be a second copy of it
    raise ImportError(
        "reports/ is a part of samplerbench: import samplerbench.reports", name=__name__
    )
