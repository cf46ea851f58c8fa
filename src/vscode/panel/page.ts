/** Where the page takes its parts from, as the webview may name them. */
export interface PageParts {
  /** `webview.cspSource`. */
  readonly source: string;
  readonly nonce: string;
  readonly script: string;
  readonly style: string;
  readonly codicons: string;
}

/** The panel's page: nothing inline, nothing from outside, and no state in it. */
export function page({ source, nonce, script, style, codicons }: PageParts): string {
  const csp = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    `font-src ${source}`,
    `img-src ${source}`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(csp)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Model Orchestra</title>
<link rel="stylesheet" id="vscode-codicon-stylesheet" href="${attribute(codicons)}" nonce="${attribute(nonce)}">
<link rel="stylesheet" href="${attribute(style)}">
</head>
<body>
<div id="panel"></div>
<script type="module" nonce="${attribute(nonce)}" src="${attribute(script)}"></script>
</body>
</html>
`;
}

const attribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
