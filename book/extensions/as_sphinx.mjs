// Jupyter Book's pages, as Sphinx builds them: the same figures and tables with the same numbers (see
// numbered.py beside this file), numbers for labelled equations alone, one box for what a cell
// prints, and no line break between a formula and its punctuation.

/** @typedef {{type: string, children?: Node[], [key: string]: any}} Node */

const CAPTION = /<caption[^>]*>([^]*?)<\/caption>\s*/;
const ENTITIES = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&amp;": "&" };

/**
 * Visit all nodes of a type, parents first.
 * @param {Node} node
 * @param {string} type
 * @param {(node: Node) => void} visit
 */
function each(node, type, visit) {
  for (const child of [...(node.children ?? [])]) {
    if (child.type === type) visit(child);
    each(child, type, visit);
  }
}

/** @param {Node} tree */
export function numberLabelledEquations(tree) {
  each(tree, "math", (node) => {
    if (!node.label) node.enumerated = false;
  });
}

/**
 * Whether two outputs are printed text on one stream.
 * @param {Node | undefined} last
 * @param {Node} next
 */
function continues(last, next) {
  const [before, now] = [last?.jupyter_data, next.jupyter_data];
  const streams = before?.output_type === "stream" && now?.output_type === "stream";
  return streams && before.name === now.name;
}

/** @param {Node} tree */
export function mergeStreams(tree) {
  each(tree, "outputs", (node) => {
    /** @type {Node[]} */
    const merged = [];
    for (const output of node.children ?? []) {
      const last = merged.at(-1);
      if (last && continues(last, output)) {
        const texts = [last.jupyter_data.text, output.jupyter_data.text];
        last.jupyter_data.text = texts.flat().join("");
      } else merged.push(output);
    }
    node.children = merged;
  });
}

/** @param {Node} tree */
export function keepPunctuation(tree) {
  (tree.children ?? []).forEach((child, at, all) => {
    const next = all[at + 1];
    const follows = child.type === "inlineMath" && next?.type === "text";
    const mark = follows ? /^[.,;:!?)]+/.exec(next.value)?.[0] : undefined;
    if (!mark) return keepPunctuation(child);
    next.value = next.value.slice(mark.length);
    const children = [child, { type: "text", value: mark }];
    all[at] = { type: "span", style: { whiteSpace: "nowrap" }, children };
  });
}

/**
 * A numbered container, named after the node at which its target stood.
 * @param {string} kind
 * @param {Node} named
 * @param {Node[]} children
 * @returns {Node}
 */
function numbered(kind, named, children) {
  const { label, identifier, html_id } = named;
  for (const key of ["label", "identifier", "html_id"]) delete named[key];
  const name = label ? { label, identifier, html_id } : {};
  return { type: "container", kind, enumerated: true, ...name, children };
}

/**
 * @param {Node[]} children
 * @returns {Node}
 */
const caption = (children) => ({ type: "caption", children: [{ type: "paragraph", children }] });

/**
 * The words of a paragraph that begins with the bold word Figure, upright; else undefined.
 * @param {Node | undefined} paragraph
 * @returns {Node[] | undefined}
 */
function captionWords(paragraph) {
  const [first, ...words] = paragraph?.type === "paragraph" ? (paragraph.children ?? []) : [];
  if (first?.type !== "strong" || first.children?.[0]?.value !== "Figure.") return undefined;
  if (words[0]?.type === "text") words[0].value = words[0].value.trimStart();
  const left = words.filter((word) => word.type !== "text" || word.value);
  return left.length === 1 && left[0].type === "emphasis" ? left[0].children : left;
}

/**
 * Take the last picture out of a cell: nothing before the page was run.
 * @param {Node} cell
 * @returns {Node[]}
 */
function takePicture(cell) {
  const outputs = cell.children?.filter((child) => child.type === "outputs").at(-1);
  const picture = outputs?.children?.pop();
  return outputs && picture ? [moreOutputs(outputs, [picture])] : [];
}

let made = 0;

/**
 * Outputs of a cell in a box of their own.
 * @param {Node} outputs
 * @param {Node[]} children
 * @returns {Node}
 */
function moreOutputs(outputs, children) {
  made += 1;
  return { type: "outputs", id: `${outputs.id}-${made}`, children };
}

/**
 * Move a caption into its cell, as a figure with the cell's last output.
 * @param {Node | undefined} cell
 * @param {Node} paragraph
 * @param {Node[]} words
 */
function putFigure(cell, paragraph, words) {
  if (!cell) throw new Error(`A caption of a figure stands below no cell: ${words[0]?.value}`);
  cell.children?.push(numbered("figure", paragraph, [...takePicture(cell), caption(words)]));
}

/**
 * Make a figure of each caption and the last output of the cell above it.
 * @param {Node} tree
 * @param {Node} [above] the cell above the tree
 */
export function makeFigures(tree, above) {
  tree.children = tree.children?.filter((child) => {
    const words = captionWords(child);
    if (words) putFigure(above, child, words);
    else if (child.type === "block" && !isCell(child)) makeFigures(child, above);
    above = isCell(child) ? child : undefined;
    return !words;
  });
}

/** @param {Node | undefined} node */
const isCell = (node) => node?.type === "block" && node.kind === "notebook-code";

/**
 * Make a numbered table of each output that has a caption; others stay in boxes around it.
 * @param {Node} tree
 */
export function makeTables(tree) {
  each(tree, "block", (cell) => {
    if (!isCell(cell)) return;
    const shown = cell.children?.some(
      (child) => child.type === "outputs" && child.children?.length,
    );
    cell.children = cell.children?.flatMap((child) =>
      child.type === "outputs" ? splitAtTables(cell, child) : [child],
    );
    if (!cell.label?.startsWith("tab-")) return;
    if (shown) throw new Error(`The cell below (${cell.label})= shows no table`);
    cell.children?.push(numbered("table", cell, [])); // the page was not run
  });
}

/**
 * The outputs of a cell as boxes, and tables between them.
 * @param {Node} cell
 * @param {Node} outputs
 * @returns {Node[]}
 */
function splitAtTables(cell, outputs) {
  /** @type {Node[]} */
  const split = [{ ...outputs, children: [] }];
  for (const output of outputs.children ?? []) {
    const words = takeCaption(output);
    const last = split.at(-1);
    if (words !== undefined) {
      const inside = [caption([{ type: "text", value: words }]), moreOutputs(outputs, [output])];
      split.push(numbered("table", cell, inside));
    } else if (last?.type === "outputs") last.children?.push(output);
    else split.push(moreOutputs(outputs, [output]));
  }
  return split;
}

/**
 * Take the caption out of an output's HTML, if it has one, and return its words.
 * @param {Node} output
 * @returns {string | undefined}
 */
function takeCaption(output) {
  const data = output.jupyter_data?.data;
  const html = [data?.["text/html"] ?? ""].flat().join("");
  const found = CAPTION.exec(html);
  if (!found) return undefined;
  data["text/html"] = html.replace(CAPTION, "");
  return Object.entries(ENTITIES).reduce(
    (text, [name, sign]) => text.replaceAll(name, sign),
    found[1],
  );
}

/**
 * Name what nobody named, as no other page does: a caption shows a number only if it has a name.
 * @param {Node} tree
 * @param {{path: string}} file
 */
export function nameContainers(tree, file) {
  const page = file.path.split(/[/\\]/).at(-1)?.replace(".md", "");
  /** @type {Record<string, number>} */
  const count = {};
  each(tree, "container", (node) => {
    if (node.label) return;
    count[node.kind] = (count[node.kind] ?? 0) + 1;
    const name = `${node.kind}-${page}-${count[node.kind]}`;
    Object.assign(node, { label: name, identifier: name, html_id: name, implicit: true });
  });
}

const ALL = [
  numberLabelledEquations,
  mergeStreams,
  makeTables,
  makeFigures,
  nameContainers,
  keepPunctuation,
];

export default {
  name: "As Sphinx builds the book",
  transforms: ALL.map((run) => ({ name: run.name, stage: "document", plugin: () => run })),
};
