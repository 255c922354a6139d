"""How replicates are judged: claims, errors, intervals, verdicts, comparisons."""
