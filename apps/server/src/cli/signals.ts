/**
 * Resolves at the first Ctrl-C (or SIGTERM). The second one ends the process at once: whoever presses twice does
 * not want to wait.
 */
export function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = () => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
