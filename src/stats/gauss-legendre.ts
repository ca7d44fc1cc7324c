/** Nodes in (-1, 1) and weights of a quadrature rule. */
export type QuadratureRule = readonly { readonly node: number; readonly weight: number }[];

/**
 * Computes the Gauss-Legendre rule of `order` points by Newton's method on the Legendre polynomial.
 *
 * @see W. H. Press et al., Numerical Recipes (2007), 4.6
 */
export function gaussLegendre(order: number): QuadratureRule {
  return Array.from({ length: order }, (_, index) => {
    let node = Math.cos((Math.PI * (index + 0.75)) / (order + 0.5));
    let slope = 1;
    for (let step = 0; step < 100; step += 1) {
      const at = legendre(order, node);
      slope = at.slope;
      const move = at.value / slope;
      node -= move;
      if (Math.abs(move) < 1e-16) break;
    }
    return { node, weight: 2 / ((1 - node * node) * slope * slope) };
  });
}

function legendre(order: number, x: number): { readonly value: number; readonly slope: number } {
  let value = 1;
  let previous = 0;
  for (let k = 1; k <= order; k += 1) {
    const next = ((2 * k - 1) * x * value - (k - 1) * previous) / k;
    previous = value;
    value = next;
  }
  return { value, slope: (order * (x * value - previous)) / (x * x - 1) };
}
