"""Pure judgement: a snapshot and a journal window in, findings, a verdict and a recommendation out."""
