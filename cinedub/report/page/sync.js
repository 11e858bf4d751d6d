// A silent picture and one of several sounds as one thing to play. The sound is the clock; the picture follows it.

/** Apart by more than the first (s) the picture jumps, by more than the second it runs a little faster or slower. */
const FAR = 0.3, NEAR = 0.03;

class Playback {
  constructor(video, sounds, chosen, tell) {
    this.video = video;
    this.sounds = sounds;
    this.tell = tell;
    this.audio = new Audio();
    this.audio.preload = "auto";
    this.video.muted = true;
    this.chosen = null;
    this.choose(chosen);
    this.audio.addEventListener("ended", () => this.pause());
    for (const media of [this.audio, this.video]) media.addEventListener("seeked", () => this.tell(this));
    this.video.addEventListener("loadeddata", () => this.tell(this));
  }

  get time() { return this.audio.currentTime; }

  get playing() { return !this.audio.paused; }

  get duration() { return this.audio.duration || this.video.duration || 0; }

  /** Hear another sound from the same moment on. */
  choose(name) {
    if (!this.sounds[name] || name === this.chosen) return;
    const at = this.audio.currentTime, playing = this.playing;
    this.chosen = name;
    this.audio.src = this.sounds[name];
    this.audio.currentTime = at;
    if (playing) this.play();
  }

  async play() {
    if (this.duration && this.time >= this.duration - 0.05) this.seek(0);
    this.video.currentTime = this.audio.currentTime;
    await Promise.all([this.audio.play(), this.video.play()]).catch((fault) => { if (fault.name !== "AbortError") throw fault; });
    this.follow();
  }

  pause() {
    this.audio.pause();
    this.video.pause();
    this.video.playbackRate = 1;
    this.video.currentTime = this.audio.currentTime;
    this.tell(this);
  }

  toggle() { return this.playing ? this.pause() : this.play(); }

  seek(seconds) {
    this.audio.currentTime = this.video.currentTime = Math.max(0, Math.min(seconds, this.duration || seconds));
    this.tell(this);
  }

  follow() {
    if (!this.playing) return;
    const apart = this.video.currentTime - this.audio.currentTime;
    if (Math.abs(apart) > FAR && !this.video.seeking) this.video.currentTime = this.audio.currentTime;
    this.video.playbackRate = Math.abs(apart) > NEAR ? 1 - Math.max(-0.25, Math.min(0.25, 2 * apart)) : 1;
    if (this.video.paused && !this.video.ended) this.video.play().catch(() => {});
    this.tell(this);
    requestAnimationFrame(() => this.follow());
  }
}
