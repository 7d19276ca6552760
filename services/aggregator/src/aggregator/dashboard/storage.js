// What the reader chose, kept in the browser where it allows that (private modes may refuse).

export function recall(key, store = "localStorage") {
  try {
    return window[store].getItem(key);
  } catch {
    return null;
  }
}

export function keep(key, value, store = "localStorage") {
  try {
    window[store].setItem(key, value);
  } catch {
    // the choice then holds for this page only
  }
}
