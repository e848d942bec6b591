import type { Duplex, Readable } from 'node:stream';

/**
 * The server's way to the kubelets, through the tunnels that the agents opened. Paths are the kubelet's own
 * (`/containerLogs/<namespace>/<pod>/<container>?follow=true`, `/exec/…`, `/stats/summary`).
 */
export interface NodeConnections {
  isConnected(nodeName: string): boolean;
  /** Throws ApiError ServiceUnavailable when the node has no open tunnel; the message says since when. */
  request(nodeName: string, request: NodeRequest): Promise<NodeResponse>;
  /** Opens a raw byte stream (HTTP/2 CONNECT) for exec, attach and port-forward. */
  connect(nodeName: string, path: string, headers?: Readonly<Record<string, string>>): Promise<Duplex>;
}

export interface NodeRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface NodeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Ends or errors with the tunnel. Backpressure reaches the agent. */
  readonly body: Readable;
}
