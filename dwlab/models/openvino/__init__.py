"""The backend `openvino`: a denoiser and a decoder computed by OpenVINO instead of torch."""
