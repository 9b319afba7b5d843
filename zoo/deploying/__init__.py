"""Networks as files that run without torch: ONNX, INT8, what they cost, and whether they still answer as well."""
