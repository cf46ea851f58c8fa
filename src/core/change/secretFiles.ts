/** True for a file that commonly holds keys or passwords; paths with `/`. Examples that are meant to be seen are none. */
export function isSecret(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  if (/^\.env(\..+)?$/.test(name)) return !/\.(example|sample|template|dist|defaults?)$/.test(name);
  return /^(id_(rsa|dsa|ecdsa|ed25519)|\.netrc|\.pgpass|\.git-credentials|credentials\.json)$|\.(pem|key|p12|pfx|jks|keystore|kdbx)$/.test(
    name,
  );
}
