"""The stage: sound for a real device, made by processes that nothing else can hold up (docs/stage-engine.md).

- `area`: the memory that all of them share, and the kernel's callback (kernel/stage.h);
- `host`: the audio host, a process with a stream and nothing else;
- `engine`: `StageEngine`, which starts and tends the host (`hosting`) and the workers (`processes`);
- `course`, `beat`, `keeping`: what is played and recorded, when, and what is kept of it.
"""
