// What the reader chose, kept in the browser where it allows that (private modes may refuse).

export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // the choice then holds for this page only
  }
}
