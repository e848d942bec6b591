import { AGENT_PROTOCOL, type AgentHello, MAX_HELLO_BYTES } from '@wheelhouse/shared/agent/protocol';
import { badRequest } from '@wheelhouse/shared/errors';
import { nodeNameProblem } from './registration-rule';

/** Reads an agent's first frame. Throws BadRequest with the first thing that is wrong. */
export function parseHello(frame: Buffer, isBinary: boolean): AgentHello {
  if (isBinary) throw badRequest('the first frame must be text');
  if (frame.length > MAX_HELLO_BYTES)
    throw badRequest(`the first frame is larger than ${MAX_HELLO_BYTES} bytes`);
  const hello = parseObject(frame.toString('utf8'));
  if (hello.protocol !== AGENT_PROTOCOL)
    throw badRequest(
      `this server speaks agent protocol ${AGENT_PROTOCOL}, the agent ${String(hello.protocol)}; use an agent of the server's version`,
    );
  const nodeName = text(hello, 'nodeName');
  const problem = nodeNameProblem(nodeName);
  if (problem) throw badRequest(`node name ${JSON.stringify(nodeName.slice(0, 253))} ${problem}`);
  const common = { protocol: AGENT_PROTOCOL, nodeName, agentVersion: text(hello, 'agentVersion') };
  switch (hello.type) {
    case 'register':
      return { type: 'register', ...common, csr: text(hello, 'csr') };
    case 'connect':
      return { type: 'connect', ...common };
    default:
      throw badRequest('the first frame must be of type register or connect');
  }
}

function parseObject(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Falls through to the one message.
  }
  throw badRequest('the first frame is not a JSON object');
}

function text(hello: Record<string, unknown>, field: string): string {
  const value = hello[field];
  if (typeof value !== 'string' || value === '') throw badRequest(`the first frame lacks the text ${field}`);
  return value;
}
