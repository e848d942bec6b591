import type { Clock } from '@wheelhouse/shared/clock';
import type { Container } from 'kubernetes-types/core/v1';
import {
  type ContainerRuntime,
  hasRuntimeCode,
  type ImageStatus,
  type RegistryCredentials,
} from '../../runtime/runtime';
import { type Backoff, nextBackoff, remainingBackoff } from './restart-backoff';

export type ImageResult =
  | { readonly image: ImageStatus }
  | { readonly reason: string; readonly message: string; readonly retryAfterMs: number };

export type ImageEvent = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

export interface ImageRequest {
  readonly podUid: string;
  readonly container: Container;
  credentials(): Promise<RegistryCredentials | undefined>;
  readonly event: ImageEvent;
}

const MISSING_RETRY_MS = 10_000;
const SHOW_BACKOFF_MS = 1_000;

/** Makes images be there, by the pull policy, with back-off per pod and image. */
export class ImagePuller {
  readonly #failures = new Map<string, { backoff: Backoff; failedAt: number; message: string }>();
  /** One pull of an image serves all who wait for it. */
  readonly #pulls = new Map<string, Promise<ImageStatus>>();

  constructor(
    private readonly runtime: ContainerRuntime,
    private readonly clock: Clock,
  ) {}

  async ensure(request: ImageRequest): Promise<ImageResult> {
    const image = request.container.image ?? '';
    const policy = request.container.imagePullPolicy ?? 'IfNotPresent';
    let present: ImageStatus | undefined;
    try {
      present = await this.runtime.imageStatus(image);
    } catch (error) {
      if (!hasRuntimeCode(error, 'invalid-image-name')) return this.#failed(request, errorText(error));
      const message = `Failed to apply default image tag "${image}": ${error.message}`;
      request.event('Warning', 'InspectFailed', message);
      return { reason: 'InvalidImageName', message, retryAfterMs: MISSING_RETRY_MS };
    }
    if (policy === 'Never') {
      if (present) return this.#present(request, present);
      const message = `Container image "${image}" is not present with pull policy of Never`;
      request.event('Warning', 'ErrImageNeverPull', message);
      return { reason: 'ErrImageNeverPull', message, retryAfterMs: MISSING_RETRY_MS };
    }
    if (present && policy !== 'Always') return this.#present(request, present);
    return this.#pull(request, image);
  }

  forget(podUid: string): void {
    for (const key of this.#failures.keys()) if (key.startsWith(`${podUid} `)) this.#failures.delete(key);
  }

  #present(request: ImageRequest, image: ImageStatus): ImageResult {
    this.#failures.delete(keyOf(request));
    request.event(
      'Normal',
      'Pulled',
      `Container image "${request.container.image}" already present on machine`,
    );
    return { image };
  }

  async #pull(request: ImageRequest, image: string): Promise<ImageResult> {
    const failure = this.#failures.get(keyOf(request));
    const rest = failure
      ? remainingBackoff(failure.backoff, failure.failedAt, this.clock.now().getTime())
      : 0;
    if (rest > 0) {
      const message = `Back-off pulling image "${image}"`;
      request.event('Normal', 'BackOff', message);
      const why = failure ? `${message}: ErrImagePull: ${failure.message}` : message;
      return { reason: 'ImagePullBackOff', message: why, retryAfterMs: rest };
    }
    request.event('Normal', 'Pulling', `Pulling image "${image}"`);
    const begun = this.clock.monotonic();
    try {
      const pulled = await this.#pullOnce(request, image);
      this.#failures.delete(keyOf(request));
      const took = Math.round(this.clock.monotonic() - begun);
      request.event('Normal', 'Pulled', `Successfully pulled image "${image}" in ${took}ms`);
      return { image: pulled };
    } catch (error) {
      return this.#failed(request, errorText(error));
    }
  }

  async #pullOnce(request: ImageRequest, image: string): Promise<ImageStatus> {
    const credentials = await request.credentials();
    const key = `${credentials?.username ?? ''} ${image}`;
    const running = this.#pulls.get(key) ?? this.runtime.pullImage(image, credentials);
    this.#pulls.set(key, running);
    try {
      return await running;
    } finally {
      this.#pulls.delete(key);
    }
  }

  #failed(request: ImageRequest, message: string): ImageResult {
    const now = this.clock.now().getTime();
    const previous = this.#failures.get(keyOf(request));
    const backoff = nextBackoff(previous?.backoff, now, now);
    this.#failures.set(keyOf(request), { backoff, failedAt: now, message });
    request.event('Warning', 'Failed', `Failed to pull image "${request.container.image}": ${message}`);
    request.event('Warning', 'Failed', 'Error: ErrImagePull');
    // Soon looked at again, so that it shows as waiting out its back-off.
    return { reason: 'ErrImagePull', message, retryAfterMs: SHOW_BACKOFF_MS };
  }
}

const keyOf = ({ podUid, container }: ImageRequest): string => `${podUid} ${container.image}`;
const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
