import type { AnswerSink } from '@fleetgate/provider-runtime';
import type { FastifyReply } from 'fastify';
import { answerHeaders } from './native-headers.ts';

/** An upstream's page must not act in the name of our address, whatever it is. */
const alwaysSaid = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
};

/** Hands an answer on to the caller, at the caller's pace. Nothing of it goes through the framework. */
export function answerSink(reply: FastifyReply, connection: string): AnswerSink {
  const { raw } = reply;
  return {
    head(status, headers) {
      const ours = { ...reply.getHeaders(), ...alwaysSaid, 'x-fleetgate-upstream': connection };
      const passed = answerHeaders(headers, ours);
      reply.hijack();
      const said: string[] = [];
      for (const [name, value] of Object.entries(ours)) said.push(name, String(value));
      if (!passed.includes('cache-control')) said.push('cache-control', 'no-store');
      raw.writeHead(status, said.concat(passed));
    },
    data: (chunk) => raw.write(chunk),
    end: () => void raw.end(),
    onReady: (resume) => void raw.on('drain', resume),
  };
}
