import { expect, test } from "vitest";
import { compilePathCheck } from "../../src/policy/parameters/check-path.ts";

const inRoot = compilePathCheck({ type: "path", root: "/var/www/files", relative: false });
const relative = compilePathCheck({ type: "path", root: "/var/www/files", relative: true });

/** Ways out of a directory, from the lists that scanners try. */
const ways = [
  "../../../etc/passwd",
  "..//..//..//etc/passwd",
  "./.././../../../etc/passwd",
  "....//....//....//etc/passwd",
  "...//...//etc/passwd",
  ".../.../etc/passwd",
  "..././..././etc/passwd",
  "a/../../../../etc/passwd",
  "..\\..\\..\\etc\\passwd",
  "..\\/..\\/etc/passwd",
  "../..\\../etc/passwd",
  "%2e%2e/%2e%2e/etc/passwd",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "..%2f..%2fetc/passwd",
  "..%5c..%5cetc%5cpasswd",
  "..%252f..%252fetc%252fpasswd",
  "%252e%252e%252f",
  "..%c0%af..%c0%afetc/passwd",
  "..%c1%9c..%c1%9cetc",
  "..%e0%80%af..%e0%80%afetc",
  "..%u2215..%u2215etc%u2215passwd",
  "%uff0e%uff0e/",
  "%00/etc/passwd",
  "a.txt%00.png",
  "a.txt\0.png",
  "../../../etc/passwd\0.png",
  "a\n../../etc",
  "a\r",
  "a\u007f",
  "a\u0085b",
  "‥/‥/etc/passwd",
  "․․/․․/etc/passwd",
  "．．/．．/etc/passwd",
  "..／..／etc／passwd",
  "..∕..∕etc∕passwd",
  "..⁄..⁄etc⁄passwd",
  "..⧸..⧸etc",
  "..＼..＼etc",
  "..﹨..﹨etc",
  "..∖..∖etc",
  "a\u202etxt.exe",
  "a\u200b/../../..",
  ".\u200d./.\u200d./etc",
  "\ufeffa",
  "a\u00a0",
  "a\u3000b",
  "e\u0301",
  "\u212b",
  ".. /.. /etc/passwd",
  "../ ../etc/passwd",
  "a. /b",
  "a./b",
  "a /b",
  " a",
  "a ",
  "a.",
  "~/.ssh/id_rsa",
  "~root/.ssh",
  "a/~/b",
  "PROGRA~1",
  "a\ud800",
  "\udfffa",
];

test.each(ways)("%j does not lead out", (way) => {
  expect(inRoot(`/var/www/files/${way}`)).not.toBeNull();
  expect(relative(way)).not.toBeNull();
  expect(relative(`a/${way}`)).not.toBeNull();
});

test.each([
  "/etc/passwd",
  "//etc/passwd",
  "///etc/passwd",
  "/var/www/files/../../../etc/passwd",
  "/var/www/filesX",
  "/var/www/files.bak",
  "/var/www/files-old/a",
  "/var/www/./files/../secret",
  "/VAR/www/files/a",
  "/proc/self/root/etc/passwd",
  "\\\\server\\share",
  "\\\\?\\C:\\x",
  "C:\\Windows",
  "C:/Windows",
  "c:x",
  "file:///etc/passwd",
  "file:/etc/passwd",
  "FILE:a",
  "http://x/y",
  "data:,x",
  "zip://a#b",
  "php://filter/x",
  "$HOME/x",
  "${HOME}/x",
  "$(id)",
  "%APPDATA%/x",
  "",
])("%j is elsewhere", (text) => {
  expect(inRoot(text)).not.toBeNull();
  expect(relative(text)).not.toBeNull();
});

test("what looks near to them and is a plain name is allowed", () => {
  for (const text of [
    "..a",
    "a..b",
    ".a",
    "a...b",
    "a b",
    "-rf",
    "a%b",
    "100%",
    "a$b",
    "a:b/..",
    "éà",
    "日本語",
    "a'b\"c",
    "*",
  ])
    expect(inRoot(`/var/www/files/${text}`), text).toBeNull();
});
