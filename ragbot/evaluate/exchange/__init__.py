"""Test sets in other tools' formats: TREC, BEIR, RAGAS, DeepEval and tables. Files only; no tool is needed."""
