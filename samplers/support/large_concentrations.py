"""Cumulative distributions of Gamma and Beta at 32 bits, where concentrations are large.

XLA's own have a factor exp(a log x - x - log Gamma(a)), whose terms of some hundreds cancel, so
that single precision leaves 1e-5 of it. Here the logs are those of x over its mean, which are
small.
"""

from __future__ import annotations

from typing import Any

LEAST = 6.0  # concentration of Gamma from which on Temme's expansion holds to single precision
MOST = 5000.0  # concentration of Beta up to which so many terms of its continued fraction do:
TERMS = 100
#: coefficients of Temme's expansion in eta, to single precision (Boost's igamma_temme_large)
TEMME = (
    (-1 / 3, 1 / 12, -2 / 135, 1 / 864, 1 / 2835, -139 / 777600, 1 / 25515),
    (-1 / 540, -1 / 288, 1 / 378, -77 / 77760, 1 / 4860),
    (25 / 6048, -139 / 51840, 1 / 1296),
    (0.00064943415637860082,),
)


def gamma_cdf(a: Any, x: Any) -> tuple[Any, Any]:
    """P(a, x) and its slope, for a above LEAST. Temme (1979), SIAM J. Math. Anal. 10:757."""
    import jax.numpy as jnp
    from jax.scipy.special import erfc

    half_square = -_log_of_ratio(x, a)  # eta^2 / 2
    eta = jnp.sign(x - a) * jnp.sqrt(2 * half_square)
    density = jnp.exp(-a * half_square) / jnp.sqrt(2 * jnp.pi * a)
    series = sum(_evaluate(row, eta) / a**k for k, row in enumerate(TEMME))
    slope = density * a / x / jnp.exp(_stirling_rest(a))
    return 0.5 * erfc(-eta * jnp.sqrt(a / 2)) - density * series, slope


def beta_cdf(a: Any, b: Any, x: Any) -> tuple[Any, Any]:
    """I_x(a, b) and its slope, for concentrations up to MOST. Press et al. (2007), section 6.4."""
    import jax.numpy as jnp

    total = a + b
    log_factor = a * _log_of_ratio(x * total, a) + b * _log_of_ratio((1 - x) * total, b)
    rest = _stirling_rest(total) - _stirling_rest(a) - _stirling_rest(b)
    factor = jnp.sqrt(a * b / (2 * jnp.pi * total)) * jnp.exp(log_factor + rest)
    is_lower = x * (total + 2) < a + 1
    first, second = jnp.where(is_lower, a, b), jnp.where(is_lower, b, a)
    tail = factor * _continued_fraction(first, second, jnp.where(is_lower, x, 1 - x)) / first
    return jnp.where(is_lower, tail, 1 - tail), factor / (x * (1 - x))


def _evaluate(coefficients: tuple[float, ...], eta: Any) -> Any:
    value: Any = 0.0
    for coefficient in reversed(coefficients):
        value = value * eta + coefficient
    return value


def _log_of_ratio(x: Any, mean: Any) -> Any:
    """log(1 + t) - t at 1 + t = x / mean, to all digits: about t = 0 by atanh of t / (2 + t)."""
    import jax.numpy as jnp

    t = (x - mean) / mean
    s = t / (2 + t)
    odd = _evaluate(tuple(1 / (2 * k + 3) for k in range(8)), s * s)
    return jnp.where(jnp.abs(t) < 0.5, 2 * s**3 * odd - s * t, jnp.log(x / mean) - t)


def _stirling_rest(a: Any) -> Any:
    """Log of Gamma(a) over Stirling's formula, sqrt(2 pi / a) (a / e)^a."""
    import jax.numpy as jnp
    from jax.scipy.special import gammaln

    large = jnp.maximum(a, 8.0)
    series = 1 / (12 * large) - 1 / (360 * large**3) + 1 / (1260 * large**5)
    own = gammaln(a) - (a - 0.5) * jnp.log(a) + a - 0.5 * jnp.log(2 * jnp.pi)
    return jnp.where(a < 8, own, series)


def _continued_fraction(a: Any, b: Any, x: Any) -> Any:
    """That of the incomplete beta function, by Lentz's method (Press et al. 2007, section 5.2)."""
    import jax
    import jax.numpy as jnp

    tiny = 1e-30

    def guard(value: Any) -> Any:
        return jnp.where(jnp.abs(value) < tiny, tiny, value)

    def extend(carry: Any, step: Any) -> Any:
        c, d, value = carry
        d = 1 / guard(1 + step * d)
        c = guard(1 + step / c)
        return c, d, value * c * d

    def advance(m: Any, carry: Any) -> Any:
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        return extend(extend(carry, even), odd)

    one = jnp.ones_like(a * b * x)
    first = 1 / guard(1 - (a + b) * x / (a + 1))
    return jax.lax.fori_loop(1, TERMS, advance, (one, first, first))[2]
