import type { FastifyInstance } from 'fastify';

/** Which methods each path knows, so that a wrong method is told from a wrong path. */
export class RouteTable {
  readonly #routes: { pattern: RegExp; methods: Set<string> }[] = [];
  readonly #byPath = new Map<string, Set<string>>();

  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ url, method }) => {
      let methods = this.#byPath.get(url);
      if (!methods) {
        methods = new Set();
        this.#byPath.set(url, methods);
        this.#routes.push({ pattern: patternOf(url), methods });
      }
      for (const name of [method].flat()) methods.add(name);
    });
  }

  /** The methods that the path knows; empty where there is no such path. */
  methodsOf(path: string): string[] {
    const methods = this.#routes
      .filter(({ pattern }) => pattern.test(path))
      .flatMap((route) => [...route.methods]);
    return [...new Set(methods)].sort();
  }
}

function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) =>
      part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*'),
    )
    .join('/');
  return new RegExp(`^${source}/?$`);
}
