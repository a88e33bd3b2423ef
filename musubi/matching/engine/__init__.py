"""Ranks needs against seeds, text against text, and says why. Knows no database: documents come in, matches go out.

analysis   text → words (Sudachi) and pairs of letters
embedding  a dense model of one's own, where there is one
model      what is learned from the own corpus: how rare a term is, latent topics, who matches everything
payload    what the index keeps of a document for the second stage
whole      whether the files of an index are as they were written
index      the Tantivy index in a folder of its own: one writer, any number of readers
matcher    the whole way of a question: first stage, second stage, reasons
evaluation how often the right one comes first
"""
