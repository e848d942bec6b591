/** `now`, `8 s`, `4 min`, `3 h`, `12 d`: how long ago, in one unit. */
export function age(from: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - from) / 1000));
  if (seconds < 3) return 'now';
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

/** `8 s ago`, but never `now ago`. */
export function ago(from: number, now: number): string {
  const text = age(from, now);
  return text === 'now' ? 'just now' : `${text} ago`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** The time of day; with the date when it was not today. */
export function moment(at: number, now: number): string {
  const same = new Date(at).toDateString() === new Date(now).toDateString();
  return (same ? clock : day).format(at);
}
