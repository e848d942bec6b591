/**
 * Recorded facts about Kubernetes that lie beside the repository (`../shared`) where it is developed. Tests that
 * compare with them are left out, visibly, where they are not there. Only tests import this.
 */
interface FileSystem {
  existsSync(path: URL): boolean;
  readFileSync(path: URL): Uint8Array;
  readdirSync(path: URL): string[];
}

// This package knows nothing of Node's types; its tests run in Node all the same.
const name = 'node:fs';
const fs = (await import(/* @vite-ignore */ name)) as FileSystem;
const root = new URL('../../../../../shared/', import.meta.url);

/** Whether the facts are there. */
export const haveFacts = fs.existsSync(new URL('facts/README.md', root));

export function readFact(path: string): Uint8Array {
  return fs.readFileSync(new URL(path, root));
}

export function readJsonFact(path: string): unknown {
  return JSON.parse(new TextDecoder().decode(readFact(path)));
}

/** Names in a folder of facts; none where there are no facts. */
export function listFacts(folder: string): string[] {
  return haveFacts ? fs.readdirSync(new URL(`${folder}/`, root)) : [];
}
