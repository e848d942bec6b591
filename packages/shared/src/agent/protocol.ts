import type { Status } from '../meta/object';

/**
 * The words that agent and server exchange on `wss://SERVER/agent/v1/connect`, as JSON text frames, before the socket
 * becomes a tunnel:
 *
 *   agent → server   register {csr}   (authorized by a join token, or by the node's certificate when it renews)
 *   server → agent   registered {clientCertificate, caCertificate, settings}, then the server closes
 *
 *   agent → server   connect          (authorized by the node's certificate)
 *   server → agent   connected {settings}; from here on binary frames only: the bytes of one HTTP/2 connection in
 *                    which the server is the client
 *
 * Instead of its answer the server may send `refused` and close.
 */
export const AGENT_PATH = '/agent/v1/connect';
export const AGENT_PROTOCOL = 1;

/** Close code for a connection that a newer one of the same node replaces: the agent waits before it comes back. */
export const CLOSE_REPLACED = 4001;

/** Largest text frame; a certificate request is well under 2 KiB. */
export const MAX_HELLO_BYTES = 64 * 1024;
/** Largest binary frame: a piece of the HTTP/2 byte stream. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

export type AgentHello =
  | {
      readonly type: 'register';
      readonly protocol: number;
      readonly nodeName: string;
      readonly agentVersion: string;
      /** PKCS#10, PEM. The server decides subject, usage and validity. */
      readonly csr: string;
    }
  | {
      readonly type: 'connect';
      readonly protocol: number;
      readonly nodeName: string;
      readonly agentVersion: string;
    };

export type ServerAnswer =
  | {
      readonly type: 'registered';
      /** PEM. */
      readonly clientCertificate: string;
      readonly caCertificate: string;
      readonly settings: AgentSettings;
    }
  | { readonly type: 'connected'; readonly settings: AgentSettings }
  | { readonly type: 'refused'; readonly status: Status };

/** What an agent needs to know about its cluster; may change from one connection to the next. */
export interface AgentSettings {
  readonly clusterId: string;
  /** e.g. `cluster.local`. */
  readonly clusterDomain: string;
  readonly dnsIp: string;
  readonly serviceCidr: string;
  readonly podCidr: string;
  /** Address of the API as the cluster's settings name it; an agent keeps the one that it reached. */
  readonly apiUrl: string;
}
