/** One line that somebody types, and what is seen then. */
export interface Step {
  /** A shell line. `kubectl` is the kubectl at hand in the namespace `$NS`; `$ID` makes names of the cluster's unique. */
  readonly line: string;
  /** What both outputs together have to match. */
  readonly seen: RegExp;
  /** The exit code, 0 without it. */
  readonly code?: number;
  /** Typed again until it is seen so: what the cluster does in its own time. */
  readonly patiently?: boolean;
  /** Versions that do not know it; the reason stands with it. */
  readonly only?: Only;
}

export interface Only {
  readonly versions: readonly string[];
  readonly because: string;
}

export interface Chapter {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** It works at once. */
export const does = (line: string, seen: RegExp, only?: Only): Step => ({ line, seen, only });
/** It works once the cluster has come so far. */
export const comes = (line: string, seen: RegExp, only?: Only): Step => ({
  line,
  seen,
  patiently: true,
  only,
});
/** It is refused. */
export const fails = (line: string, seen: RegExp, only?: Only): Step => ({ line, seen, code: 1, only });

export const since133 = (because: string): Only => ({ versions: ['1.33'], because });
