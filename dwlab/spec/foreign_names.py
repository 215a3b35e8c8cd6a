"""Names that other tools give to what dwlab has under another name, or does not have."""

from __future__ import annotations

_UNCHANGED = "nothing like it: pictures stay as the model made them"
_NOT_UPSCALED = "width and height as large as the picture should be; nothing is upscaled"
_WITH_SCHEDULE = "scheduler, its name with the schedule, like `DPM++ 2M Karras`"
_SEEDS = "num_images in a request, or an axis of seeds in a sweep, like `seed: {range: [4]}`"
_CALL = "the same name below `call:`, in a sweep"

# what to write instead -> the names of other tools, separated by blanks
_INSTEAD = {
    "prompt": "positive_prompt positive text text_prompts caption",
    "negative_prompt": "negative neg_prompt uc negative_text",
    "steps": "sampling_steps sample_steps num_steps inference_steps ddim_steps step_count",
    "guidance": (
        "cfg cfg_scale guidance_weight scale unconditional_guidance_scale distilled_cfg_scale"
    ),
    "seed": "noise_seed random_seed image_seed manual_seed generator",
    "scheduler": "sampler sampler_name sampler_index sampling_method scheduler_name",
    _WITH_SCHEDULE: "schedule_type noise_schedule karras",
    "loras: [{file: ..., weight: ...}], in a sweep or in Python": (
        "lora lora_weights lora_scale lora_name lora_path adapter adapters networks"
    ),
    "model": (
        "model_id model_name checkpoint ckpt ckpt_name sd_model_checkpoint override_settings engine"
    ),
    "width and height": "size resolution image_size aspect_ratio aspect_ratios dimensions",
    "width": "w image_width",
    "height": "h image_height",
    _SEEDS: (
        "n num_images batch_size batch_count n_iter n_samples num_samples samples num_outputs "
        "num_images_per_prompt image_number images"
    ),
    _CALL: "clip_skip eta guidance_rescale true_cfg_scale pag_scale",
    "image": "init_image init_images input_image start_image source_image",
    "strength": "denoising_strength denoise image_strength prompt_strength",
    "mask": "inpaint_mask mask_source",
    "vae": "sd_vae vae_name vae_path forge_additional_modules",
    "mask_padding": "inpaint_full_res_padding only_masked_padding",
    _NOT_UPSCALED: "enable_hr hr_scale hr_upscaler hr_second_pass_steps hires_fix upscale upscaler",
    _UNCHANGED: "restore_faces tiling face_restoration",
    "refiner, like {model: sdxl-refiner, from: 0.8}": "refiner_checkpoint refiner_switch_at",
}
_BY_NAME: dict[str, str] = {}
for _instead, _names in _INSTEAD.items():
    _BY_NAME |= dict.fromkeys(_names.replace("_", "").split(), _instead)


def instead_of(name: str) -> str | None:
    """What to write instead of another tool's name, in words; None for a name that is not known."""
    instead = _BY_NAME.get(name.lower().replace("_", "").replace("-", ""))
    if instead is None or " " in instead:
        return instead
    return f"{instead} (instead of {name}, which is another tool's name)"
