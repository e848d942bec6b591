import type Docker from 'dockerode';
import { withHostLock } from '../../host/host-lock';
import { normalizeImageReference } from '../images/image-reference';
import { type LocalImage, localImage, tarOf, VERSION_LABEL } from '../images/local-image';
import { type ImageStatus, type RegistryCredentials, RuntimeError } from '../runtime';
import { asRuntimeError, dockerMessage, dockerStatus } from './docker-errors';

/** Images of one Docker, with the local ones made when they are first asked for. */
export class DockerImages {
  /** Local images known to be there in the right version: asked for with every container, checked once. */
  readonly #ready = new Map<string, Promise<void>>();

  constructor(private readonly docker: Docker) {}

  async status(reference: string): Promise<ImageStatus | undefined> {
    const name = normalizeImageReference(reference);
    const local = localImage(name);
    if (local) await this.#ensureLocal(local);
    const found = await this.#inspect(name);
    if (!found && local) {
      // Someone removed it since.
      this.#ready.delete(local.name);
      await this.#ensureLocal(local);
      return this.#inspect(name);
    }
    return found;
  }

  async pull(reference: string, credentials?: RegistryCredentials): Promise<ImageStatus> {
    const name = normalizeImageReference(reference);
    if (!localImage(name)) {
      try {
        const stream = await this.docker.pull(name, credentials ? { authconfig: authOf(credentials) } : {});
        await new Promise<void>((resolve, reject) => {
          this.docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
        });
      } catch (error) {
        const known = asRuntimeError(error, 'pull-failed');
        if (known.code === 'unavailable') throw known;
        throw new RuntimeError(
          'pull-failed',
          `failed to pull image "${reference}": ${dockerMessage(error)}`,
          {
            cause: error,
          },
        );
      }
    }
    const status = await this.status(name);
    if (!status) throw new RuntimeError('pull-failed', `image "${reference}" is not there after its pull`);
    return status;
  }

  async list(): Promise<ImageStatus[]> {
    try {
      const images = await this.docker.listImages();
      return images.map((image) => ({
        id: image.Id,
        names: [...(image.RepoDigests ?? []), ...(image.RepoTags ?? [])].filter(
          (name) => !name.includes('<none>'),
        ),
        sizeBytes: image.Size,
        user: '',
      }));
    } catch (error) {
      throw asRuntimeError(error, 'unavailable');
    }
  }

  async #inspect(name: string): Promise<ImageStatus | undefined> {
    const info = await inspectImage(this.docker, name);
    return (
      info && {
        id: info.Id,
        names: [...(info.RepoDigests ?? []), ...(info.RepoTags ?? [])],
        sizeBytes: info.Size,
        user: info.Config?.User ?? '',
      }
    );
  }

  #ensureLocal(image: LocalImage): Promise<void> {
    let building = this.#ready.get(image.name);
    if (!building) {
      building = buildLocal(this.docker, image);
      this.#ready.set(image.name, building);
      building.catch(() => this.#ready.delete(image.name));
    }
    return building;
  }
}

async function inspectImage(docker: Docker, name: string): Promise<Docker.ImageInspectInfo | undefined> {
  try {
    return await docker.getImage(name).inspect();
  } catch (error) {
    if (dockerStatus(error) === 404) return undefined;
    throw asRuntimeError(error, 'unavailable');
  }
}

/** Imports the image unless this version of it is there; agents on one host take turns. */
async function buildLocal(docker: Docker, image: LocalImage): Promise<void> {
  const isCurrent = async () =>
    (await inspectImage(docker, image.name))?.Config?.Labels?.[VERSION_LABEL] === image.version;
  if (await isCurrent()) return;
  await withHostLock(`wheelhouse-image-${image.name.replace(/\W/g, '-')}`, async () => {
    if (await isCurrent()) return;
    const outdated = await inspectImage(docker, image.name);
    const [repo = '', tag = ''] = image.name.split(':');
    try {
      const answer = await docker.importImage(tarOf(await image.files()), {
        repo,
        tag,
        changes: [...image.changes, `LABEL ${VERSION_LABEL}=${image.version}`],
      });
      await new Promise<void>((resolve, reject) => {
        docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      throw new RuntimeError('pull-failed', `cannot build image ${image.name}: ${dockerMessage(error)}`, {
        cause: error,
      });
    }
    // Fails while containers still use it, and goes when they are gone and someone prunes.
    if (outdated)
      await docker
        .getImage(outdated.Id)
        .remove()
        .catch(() => undefined);
  });
}

const authOf = ({ username, password, server }: RegistryCredentials) => ({
  username,
  password,
  serveraddress: server,
});
