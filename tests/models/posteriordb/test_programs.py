"""What each file of programs makes of the database's data, computed by hand for a few rows."""

from __future__ import annotations

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.models.posteriordb import (
    earnings,
    eight_schools,
    folder,
    gaussian_processes,
    logistic,
    mesquite,
    mixtures,
    priors,
    rates,
    regressions,
    series,
)
from samplerbench.models.posteriordb.base import programs
from tests.support import posteriordb_folder

OWNERS = {
    "eight_schools_noncentered": eight_schools,
    "gp_regr": gaussian_processes,
    "wells_dist": logistic,
    "low_dim_gauss_mix": mixtures,
    "blr": priors,
    "Rate_1_model": rates,
    "kidscore_momhs": regressions,
    "arK": series,
}


def adapt(name, **data):
    """What the program ``name`` is called with for these data."""
    return programs.get(name).adapt(data)


@pytest.mark.parametrize("name", OWNERS)
def test_a_program_is_a_function_of_the_file_that_registers_it(name):
    assert programs.get(name).program.__module__ == OWNERS[name].__name__


def test_both_forms_of_eight_schools_have_the_same_parameters():
    centred, other = map(programs.get, ("eight_schools_centered", "eight_schools_noncentered"))
    assert centred.parameters == other.parameters and centred.keys == other.keys
    assert eight_schools.HYPERPRIOR in centred.density and eight_schools.HYPERPRIOR in other.density


def test_a_kernel_is_of_squared_distances_and_tiny_variances_need_64_bits():
    values = adapt("gp_regr", x=[0.0, 2.0, 5.0], y=np.zeros(3))
    assert values["squares"].tolist() == [[0, 4, 25], [4, 0, 9], [25, 9, 0]]
    assert gaussian_processes.JITTER < np.finfo(np.float32).eps
    assert programs.get("gp_pois_regr").precision == 64


def test_both_mixtures_state_the_same_density_and_only_one_orders_its_means():
    first, free = map(programs.get, ("low_dim_gauss_mix", "low_dim_gauss_mix_collapse"))
    assert (
        first.density == f"{mixtures.DENSITY}, mu[1] < mu[2]" and free.density == mixtures.DENSITY
    )


def test_each_subject_has_its_file_and_its_columns_after_the_intercept():
    data = {"earn": np.array([10.0, 100.0]), "height": np.array([60.0, 70.0])}
    adapted = adapt("log10earn_height", **data, male=np.zeros(2))
    assert adapted["y"].tolist() == [1, 2] and adapted["X"].tolist() == [[1, 60], [1, 70]]
    assert programs.get("logearn_interaction").keys == ("earn", "height", "male")
    assert programs.get("earn_height").posteriors == (f"{earnings.DATA}-earn_height",)
    bushes = programs.get("logmesquite_logvolume")
    assert bushes.posteriors == (f"{mesquite.DATA}-logmesquite_logvolume",)
    sizes = {name: np.array([2.0, 3.0]) for name in bushes.keys}
    volume = adapt("logmesquite_logvolume", **sizes)
    assert volume["X"] == pytest.approx(np.log([[np.e, 8], [np.e, 27]]))


def test_a_posteriors_files_are_where_the_database_has_them(tmp_path):
    name = posteriordb_folder.add(tmp_path, "blr", {"N": 1}, None, "made_up")
    root = folder.find_root(str(tmp_path))
    entry = folder.find_posterior(root, name)
    assert folder.list_names(root) == [name] == ["made_up-blr"]
    assert (entry.model, entry.data, entry.reference) == ("blr", "made_up", "")
    assert folder.read_json(entry.data_file()) == {"N": 1} and entry.reference_file() is None
    with pytest.raises(UsageError, match="did you mean 'made_up-blr'"):
        folder.find_posterior(root, "made_up-blrr")
