"""Trained models for other programs: NumPy, ONNX, PyTorch, tensors; each is run again before it is handed out.

Knows nothing of terminals.
"""
