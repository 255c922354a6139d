"""A campaign on a SLURM cluster, through dask-jobqueue (``pip install dask-jobqueue``).

Call it on a login node: ``python slurm.py``. Each job is one Dask worker, which does one trial at a
time in processes of its own. The nodes must see this Python and the environment cache, as they do
with a shared home; ``samplerbench run --env pinned`` once on the login node makes the environment.
"""

from dask_jobqueue import SLURMCluster

import samplerbench

if __name__ == "__main__":
    with SLURMCluster(
        cores=2,
        processes=1,
        memory="8GB",
        walltime="02:00:00",
        worker_extra_args=["--nthreads", "1"],  # two would hold a thread that waits for the other
    ) as cluster:
        cluster.scale(jobs=8)
        with samplerbench.run(
            model=["gaussian"],
            sweep={"dim": [2, 10, 100, 1000]},
            samplers=["numpyro_nuts", "exact_iid"],
            scheduler=cluster.scheduler_address,
            out="sizes",  # the same call goes on where this one was stopped
        ) as campaign:
            print(campaign.table().to_markdown())
