let second = Number.NaN;
let text = '';

/** RFC 3339 in whole seconds, as object metadata has it. All that happens in one second shares one text. */
export function timestamp(time: Date): string {
  const wanted = Math.floor(time.getTime() / 1000);
  if (wanted !== second) {
    text = `${time.toISOString().slice(0, 19)}Z`;
    second = wanted;
  }
  return text;
}
