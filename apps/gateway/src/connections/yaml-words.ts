import type { ErrorCode } from 'yaml';

/** Instead of the parser's own messages: those quote the text, and it may hold secrets. */
const words: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) takes no tag and no anchor',
  BAD_ALIAS: 'this is no name of an alias or anchor',
  BAD_DIRECTIVE: 'a line that begins with % is not understood here',
  BAD_DQ_ESCAPE: 'there is no such escape in double quotes: write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: 'the indentation does not fit what stands above, or a bracket is not closed',
  BAD_SCALAR_START: 'a value that begins with this character must stand in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a second ": " within one value: put the value in quotes, or a setting on a line of its own',
  BLOCK_IN_FLOW: 'a block cannot begin inside of { } or [ ]',
  MISSING_CHAR:
    'something is missing here: a closing quote or bracket, a comma, or the ": " after a name; or the indentation is wrong',
  MULTILINE_IMPLICIT_KEY: 'a name must end on the line that it begins on, with ": "',
  MULTIPLE_ANCHORS: 'a value can have one anchor only',
  MULTIPLE_DOCS: 'a second document begins here (---): one file holds one',
  MULTIPLE_TAGS: 'a value can have one tag only',
  RESOURCE_EXHAUSTION: 'this is nested too deeply',
  TAB_AS_INDENT: 'a tab cannot indent: use spaces',
  TAG_RESOLVE_FAILED: 'a tag (!name) has no meaning here: remove it',
  UNEXPECTED_TOKEN: 'this does not belong here: check quotes, brackets and indentation',
};

export function wordsForSyntax(code: ErrorCode): string {
  return `not YAML: ${words[code] ?? 'this cannot be read'}`;
}
