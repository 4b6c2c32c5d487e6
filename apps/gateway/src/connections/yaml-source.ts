import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { wordsForSyntax } from './yaml-words.ts';

export type Path = readonly (string | number)[];

/** Where a path leads: as far as it goes. */
interface Place {
  /** of the name of a member, or of an element of a list */
  readonly start: number;
  /** of the value itself */
  readonly value: number;
  /** undefined: the path ends before it comes there */
  readonly node: Node | undefined;
}

/**
 * A YAML text whose values know where they stand. `${NAME}` inside a value is that variable, and `$${NAME}` the text `${NAME}`.
 * Variables come in after the text was parsed, so that what they hold can never become YAML.
 */
export class YamlSource {
  /** undefined where the text is no YAML */
  readonly value: unknown;
  readonly #lines = new LineCounter();
  readonly #document: Document;
  /** the names of every variable that the text speaks of */
  readonly variables: ReadonlySet<string>;
  /** values with a variable that is not set: what else is wrong with them follows from that */
  readonly #unset = new Set<Node>();
  readonly #written = new Map<Node, string>();
  readonly #problems: { offset: number; text: string }[] = [];

  constructor(
    text: string,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {
    this.variables = new Set([...text.matchAll(variable)].map(([, name = '']) => name));
    this.#document = parseDocument(hideVariables(text), {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: true,
      merge: true,
      logLevel: 'error',
    });
    this.value = this.#parsed(text);
  }

  /** What is wrong at the end of a path; nothing where the variable in it is not set, which was told already. */
  refuse(path: Path, text: string): void {
    const { node, value } = this.#locate(path);
    if (node === undefined || !this.#unset.has(node)) this.#say(value, text);
  }

  /** The same, told at the name: for what should not be there, or is not. */
  refuseName(path: Path, text: string): void {
    this.#say(this.#locate(path).start, text);
  }

  /** The text at the end of a path as it was written: without what variables hold. */
  written(path: Path): string {
    const { node } = this.#locate(path);
    if (!isScalar(node)) return '';
    return this.#written.get(node) ?? String(node.value);
  }

  lineOf(path: Path): number {
    return this.#lines.linePos(this.#locate(path).start).line;
  }

  /** One line for each problem, in the order in which they stand in the file. */
  problems(file: string): string[] {
    return this.#problems
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, text }) => {
        const { line, col } = this.#lines.linePos(offset);
        return `${file}:${line}:${col} ${text}`;
      });
  }

  #parsed(text: string): unknown {
    const { errors, warnings } = this.#document;
    for (const error of errors.filter(({ code }) => code === 'DUPLICATE_KEY')) {
      this.#say(error.pos[0], 'this name stands twice in one place');
    }
    // After the first error in the form, what follows is mostly a consequence of it.
    const broken = errors.find(({ code }) => code !== 'DUPLICATE_KEY') ?? warnings[0];
    if (broken) {
      this.#say(Math.min(broken.pos[0], Math.max(0, text.length - 1)), wordsForSyntax(broken.code));
      return undefined;
    }
    this.#substitute();
    if (this.#problems.some(({ text: said }) => said.startsWith('*'))) return undefined;
    try {
      return this.#document.toJS() as unknown;
    } catch {
      this.#say(0, 'its aliases (*name) lead to too many copies'); // the only thing that is left to go wrong
      return undefined;
    }
  }

  #substitute(): void {
    visit(this.#document, {
      Scalar: (key, node) => {
        if (typeof node.value !== 'string') return;
        node.value = key === 'key' ? showVariables(node.value) : this.#filled(node, node.value);
      },
      Alias: (_, node) => {
        if (node.resolve(this.#document) === undefined) {
          this.#say(
            node.range?.[0] ?? 0,
            `*${node.source} stands for nothing: no &${node.source} comes before it`,
          );
        }
      },
    });
  }

  #filled(node: Node, text: string): string {
    const written = showVariables(text);
    const value = written.replace(/\$\$\{|\$\{([^}]*)(\}?)/g, (found, name?: string, end?: string) => {
      if (name === undefined) return opening;
      const complaint = this.#complaintOf(name, end === '}');
      if (complaint === undefined) return this.env[name] as string;
      this.#unset.add(node);
      this.#say(node.range?.[0] ?? 0, complaint);
      return found;
    });
    if (value !== written) this.#written.set(node, written);
    return value;
  }

  #complaintOf(name: string, closed: boolean): string | undefined {
    if (!closed) return noEnd;
    if (!variableName.test(name)) return noName;
    const value = Object.hasOwn(this.env, name) ? this.env[name] : undefined;
    if (value === undefined) return `the variable ${name} is not set`;
    return value === '' ? `the variable ${name} is empty` : undefined;
  }

  #say(offset: number, text: string): void {
    if (!this.#problems.some((one) => one.offset === offset && one.text === text)) {
      this.#problems.push({ offset, text });
    }
  }

  #locate(path: Path): Place {
    let node = this.#follow(this.#document.contents);
    let start = node?.range?.[0] ?? 0;
    for (const part of path) {
      let next: Node | undefined;
      if (isMap(node)) {
        const pair = this.#member(node, String(part));
        if (!pair) return { start, value: start, node: undefined };
        if (isNode(pair.key)) start = pair.key.range?.[0] ?? start;
        next = this.#follow(pair.value);
      } else if (isSeq(node)) {
        next = this.#follow(node.items[Number(part)]);
        start = next?.range?.[0] ?? start;
      }
      if (next === undefined) return { start, value: start, node: undefined };
      node = next;
    }
    const written = node && (isCollection(node) || node.range?.[0] !== node.range?.[1]);
    return { start, value: (written && !isCollection(node) ? node?.range?.[0] : undefined) ?? start, node };
  }

  /** By its own name, else from what is merged in by `<<`. */
  #member(map: YAMLMap, name: string): Pair | undefined {
    const named = (wanted: string) =>
      map.items.filter(({ key }) => (isScalar(key) ? String(key.value) : undefined) === wanted);
    const [own] = named(name);
    if (own) return own;
    for (const { value } of named('<<')) {
      const merged = this.#follow(value);
      const sources = isSeq(merged) ? merged.items.map((item) => this.#follow(item)) : [merged];
      for (const source of sources) {
        const found = isMap(source) ? this.#member(source, name) : undefined;
        if (found) return found;
      }
    }
    return undefined;
  }

  #follow(node: unknown): Node | undefined {
    if (isAlias(node)) return node.resolve(this.#document);
    return isNode(node) ? node : undefined;
  }
}

const opening = '$'.concat('{');
const noEnd = `a variable begins here and has no end: write ${opening}NAME}, or $${opening} for the two characters themselves`;
const noName = `what stands in ${opening}…} is no name of a variable: write $${opening} for the two characters themselves`;
const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Braces mean something to YAML inside of { } and [ ]: these stand for them while it parses, one for one. */
const open = '\uE000';
const close = '\uE001';

function hideVariables(text: string): string {
  return text.replace(variable, `$$${open}$1${close}`);
}

function showVariables(text: string): string {
  return text.replace(/\$\uE000([A-Za-z_][A-Za-z0-9_]*)\uE001/g, '$${$1}');
}
