// What the prompt bench calls its parameters.

const LABELS = {
  prompt: "Prompt",
  negative_prompt: "Negative prompt",
  model: "Model",
  scheduler: "Scheduler",
  steps: "Steps",
  guidance: "Guidance",
  seed: "Seed",
  width: "Width",
  height: "Height",
  count: "Pictures per run",
  image: "Start picture",
  strength: "Strength (0 to 1)",
  mask: "Mask",
  mask_padding: "Mask padding",
  mask_blur: "Mask blur",
  accelerate: "Accelerators",
  quantisation: "Weights in 8 or 4 bits",
};
