import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Absolute paths of the loader and all libraries that a program of this host needs; empty for a static one.
 * Throws when the host has no `ldd` (not Linux) or a library is missing.
 */
export async function sharedLibrariesOf(program: string): Promise<string[]> {
  try {
    const { stdout } = await run('ldd', [program], { env: { ...process.env, LC_ALL: 'C' } });
    return parseLdd(stdout);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (/not a dynamic executable|statically linked/.test(text)) return [];
    throw new Error(`cannot find out which libraries ${program} needs: ${text}`, { cause: error });
  }
}

/** Reads lines such as `libm.so.6 => /lib/libm.so.6 (0x…)` and `/lib64/ld-linux-x86-64.so.2 (0x…)`. */
export function parseLdd(text: string): string[] {
  const paths = new Set<string>();
  for (const line of text.split('\n')) {
    const missing = /^\s*(\S+) => not found/.exec(line);
    if (missing) throw new Error(`library ${missing[1]} is not installed`);
    const found = /^\s*(?:(\/\S+)|\S+) => (\/\S+) \(0x|^\s*(\/\S+) \(0x/.exec(line);
    // `/lib64/ld-linux.so.2 => /lib/ld-linux.so.2`: the program asks for the left one, the file is the right one.
    for (const path of found?.slice(1) ?? []) if (path) paths.add(path);
  }
  return [...paths];
}
