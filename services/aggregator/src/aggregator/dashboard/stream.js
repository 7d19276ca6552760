// One live connection that heals itself: reconnects with growing pauses, notices silence.

const SILENCE_MS = 5000; // the server speaks at least once a second
const GIVE_UP_MS = 15000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15000;

/**
 * Follow an event stream.
 * handlers: snapshot(data), figures(data), state("connecting"|"live"|"lost"|"stalled"), failed()
 * Returns a function that ends it.
 */
export function follow(url, handlers) {
  let source = null;
  let pause = null;
  let failures = 0;
  let heard = 0;
  let started = false; // whether this connection has sent its snapshot

  function open() {
    pause = null;
    started = false;
    heard = performance.now();
    handlers.state(failures ? "lost" : "connecting");
    source = new EventSource(url);
    source.addEventListener("snapshot", (event) => receive(event, handlers.snapshot, true));
    source.addEventListener("figures", (event) => receive(event, handlers.figures, false));
    source.addEventListener("reconnect", () => again(Math.random() * FIRST_PAUSE_MS));
    source.addEventListener("error", lose);
  }

  function receive(event, handle, isSnapshot) {
    heard = performance.now();
    if (!isSnapshot && !started) return; // changes mean nothing without what they change
    let data;
    try {
      data = JSON.parse(event.data);
    } catch {
      lose();
      return;
    }
    started = true;
    failures = 0;
    handle(data);
    handlers.state("live");
  }

  function lose() {
    const never = !started;
    failures += 1;
    handlers.state("lost");
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
    again(longest * (0.5 + Math.random() / 2)); // spread, or all viewers return at once
    if (never) handlers.failed();
  }

  function again(milliseconds) {
    source?.close();
    source = null;
    clearTimeout(pause);
    pause = setTimeout(open, milliseconds);
  }

  const watch = setInterval(() => {
    if (!source) return;
    const silent = performance.now() - heard;
    if (silent > GIVE_UP_MS) lose();
    else if (silent > SILENCE_MS && started) handlers.state("stalled");
  }, 1000);

  open();
  return () => {
    clearInterval(watch);
    clearTimeout(pause);
    source?.close();
    source = null;
  };
}
